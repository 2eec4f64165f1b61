// Calls between servers over their bytes: who is answered, who is refused, and what an eavesdropper sees.
import Cluster
import Foundation
import M4F
import NIOConcurrencyHelpers
import Testing

@testable import PeerLink

@Suite struct SealedCallTests {
    private static let now = WallTime(milliseconds: 1_790_000_000_000)

    private let asked = NIOLockedValueBox<[ManagementCall]>([])

    private func responder(key: String = "abcd") -> SealedResponder<ManagementCall> {
        SealedResponder(key: { key }, utc: { Self.now }) { [asked] call in
            asked.withLockedValue { $0.append(call) }
            return ManagementReply(Data("answer".utf8))
        }
    }

    /// The headers and the body of a call as `SealedCaller` makes them.
    private func message(
        _ call: ManagementCall, key: String = "abcd", path: String = ManagementCall.path, signer: String = "one"
    ) throws -> (headers: [String: String], body: [UInt8]) {
        let body = try SealedBody(clusterKey: key).seal(try PollWire.encode(call))
        let request = PeerSignature.Request(
            method: "POST", path: path, sender: signer, time: Self.now.milliseconds,
            nonce: "00112233445566778899aabbccddeeff")
        return (
            [
                SignatureHeader.sender: signer, SignatureHeader.time: String(request.time),
                SignatureHeader.nonce: request.nonce,
                SignatureHeader.signature: PeerSignature(key: key).sign(request, body: body),
            ], body
        )
    }

    private func call(_ question: ManagementCall.Question = .setDraining(true)) -> ManagementCall {
        ManagementCall(sender: PeerID("one"), receiver: PeerID("two"), question: question)
    }

    @Test(
        "a call with the key is answered with a signed answer",
        arguments: [
            ManagementCall.Question.events(limit: 5, stream: "news/hd", after: "7-9"), .captures,
            .picture(stream: "cam"), .setDraining(false),
        ])
    func answered(_ question: ManagementCall.Question) async throws {
        let (headers, body) = try message(call(question))
        #expect(!String(decoding: body, as: UTF8.self).contains("news"))
        let response = await responder().handle(header: { headers[$0] }, body: body)
        #expect(response.status == 200)
        #expect(asked.withLockedValue { $0 } == [call(question)])
        let code = try #require(response.headers.first { $0.0 == SignatureHeader.signature }?.1)
        let nonce = try #require(headers[SignatureHeader.nonce])
        #expect(PeerSignature(key: "abcd").accepts(code, ofAnswerTo: nonce, status: 200, body: response.body))
        #expect(try PollWire.decode(ManagementReply.self, from: response.body).body == Data("answer".utf8))
    }

    @Test("a call without the key, for another path, twice, or in another's name is not heard")
    func refused() async throws {
        let responder = responder()
        func status(_ message: (headers: [String: String], body: [UInt8])) async -> Int {
            await responder.handle(header: { message.headers[$0] }, body: message.body).status
        }
        #expect(await status(try message(call(), key: "efgh")) == 401)
        #expect(await status(([:], [])) == 401)
        #expect(await status(try message(call(), path: ConfigurationOffer.path)) == 401)
        var altered = try message(call())
        altered.body[20] ^= 1
        #expect(await status(altered) == 401)
        #expect(await status(try message(call(), signer: "three")) == 400)
        #expect(asked.withLockedValue { $0 }.isEmpty)
        let once = try message(ManagementCall(sender: PeerID("one"), receiver: PeerID("two"), question: .captures))
        #expect(await [status(once), status(once)].contains(401))
        #expect(asked.withLockedValue { $0 }.count <= 1)
    }
}
