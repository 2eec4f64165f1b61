// What a relay keeps, for how long, and how much of it.
import Media
import NIOCore
import Testing

@testable import Playback

@Suite struct RelayStoreTests {
    private func key(_ number: Int64) -> RelayKey {
        RelayKey(stream: "cam", route: .segment(start: MediaTime(ticks: number), .all))
    }

    private func made(_ length: Int) -> Representation {
        Representation(contentType: "video/mp4", pieces: [ByteBuffer(repeating: 7, count: length)], entityTag: nil)
    }

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func aPlaylistIsRightForItsTimeAndStandsInALittleLonger() {
        var store = RelayStore(bytesMax: 1 << 20)
        let list = RelayKey(stream: "cam", route: .mediaPlaylist(.all))
        store.keep(made(100), .seconds(1), list, at: start)
        #expect(store.find(list, at: start + .milliseconds(999)) != nil)
        #expect(store.find(list, at: start + .seconds(1)) == nil)
        #expect(store.find(list, at: start + .seconds(30), isStaleWanted: true) != nil)
        #expect(store.find(list, at: start + .seconds(31), isStaleWanted: true) == nil)
    }

    @Test func whatMustNotBeKeptIsNot() {
        var store = RelayStore(bytesMax: 1 << 20)
        store.keep(made(100), .never, key(1), at: start)
        store.keep(made(300 << 10), .immutable, key(2), at: start)
        #expect(store.find(key(1), at: start, isStaleWanted: true) == nil)
        #expect(store.find(key(2), at: start) == nil, "more than a quarter of the bound")
        #expect(store.byteCount == 0)
    }

    @Test func theBoundHoldsAndWhatIsAskedForStays() {
        let bound = 1 << 20
        var store = RelayStore(bytesMax: bound)
        store.keep(made(50_000), .immutable, key(0), at: start)
        for number in 1...200 {
            store.keep(made(50_000), .immutable, key(Int64(number)), at: start)
            #expect(store.byteCount <= bound)
            #expect(store.find(key(0), at: start) != nil, "asked for all the time")
            #expect(store.find(key(Int64(number)), at: start) != nil, "the newest")
        }
        #expect(store.find(key(1), at: start) == nil)
    }

    @Test func manySmallAnswersAreBoundedToo() {
        var store = RelayStore(bytesMax: 1 << 20)
        var found = 0
        for number in 0..<10_000 { store.keep(made(1), .immutable, key(Int64(number)), at: start) }
        for number in 0..<10_000 where store.find(key(Int64(number)), at: start) != nil { found += 1 }
        #expect(found > 100 && found <= 1024, "\(found)")
    }

    @Test func whatNobodyAsksForIsLetGo() {
        var store = RelayStore(bytesMax: 1 << 20)
        store.keep(made(1000), .immutable, key(1), at: start)
        store.releaseIdle(at: start)
        store.releaseIdle(at: start + .seconds(59))
        #expect(store.byteCount > 0)
        store.releaseIdle(at: start + .seconds(60))
        #expect(store.find(key(1), at: start + .seconds(60)) != nil, "asked for once more: young again")
        store.releaseIdle(at: start + .seconds(120))
        store.releaseIdle(at: start + .seconds(180))
        #expect(store.byteCount == 0)
    }

    @Test(
        arguments: [
            ("public, max-age=31536000, immutable", .immutable), ("public, max-age=1", .seconds(1)),
            ("no-store", .never),
            ("", .never), ("max-age=x", .never),
        ] as [(String, CachePolicy)])
    func policiesAreReadAsTheyAreWritten(header: String, policy: CachePolicy) {
        #expect(CachePolicy(header: header) == policy)
        if policy != .never { #expect(CachePolicy(header: policy.header) == policy) }
    }
}
