// What is asked of other servers for a stream that is replicated.
import SettingsLanguage
import Testing

@testable import WeirServer

@Suite struct ReplicationWishTests {
    private func peers(_ input: String) throws -> [ReplicationWish.Peer] {
        let text = "cluster_key k; stream cam { input \(input); dvr /a replicate; }"
        let loaded = try LoadedSettings.load("weir.conf", from: TextSettingsSource(["weir.conf": text]))
        return ReplicationWish.all(in: loaded.settings, own: nil, name: "here").flatMap(\.peers)
    }

    /// An `@` behind a port can be written only so, and live media is asked for by the decoded name too.
    @Test func theNameOfAStreamIsDecoded() throws {
        #expect(
            try peers("m4f://far:8080/news/cam%401") == [
                .init(name: "m4f://far:8080/news/cam%401", base: "http://far:8080", stream: "news/cam@1")
            ])
        #expect(try peers("m4f://far/cam@1").map(\.stream) == ["cam@1"])
    }
}
