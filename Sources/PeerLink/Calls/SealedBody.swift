// Bodies with secrets in them: encrypted with a key made from the cluster key, because peers speak plain HTTP.
import Crypto
import Foundation

/// ChaCha20-Poly1305 (RFC 8439) with a key by HKDF-SHA256 (RFC 5869) from the cluster key.
///
/// The nonce is random and stands in front of the bytes. Who has no cluster key can neither read nor make such a body.
struct SealedBody {
    private let key: SymmetricKey

    init(clusterKey: String) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(clusterKey.utf8)), info: Array("weir-config-1".utf8),
            outputByteCount: 32)
    }

    func seal(_ bytes: [UInt8]) throws -> [UInt8] { Array(try ChaChaPoly.seal(bytes, using: key).combined) }

    /// Nil when the bytes were not sealed with this key.
    func open(_ bytes: [UInt8]) -> [UInt8]? {
        guard let box = try? ChaChaPoly.SealedBox(combined: bytes) else { return nil }
        return (try? ChaChaPoly.open(box, using: key)).map(Array.init)
    }
}
