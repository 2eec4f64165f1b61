// What URLs of other servers' streams stand for.
import M4F
import Testing

@Suite struct AddressTests {
    @Test func portsAndFamiliesAreThoseOfHTTP() {
        #expect(M4FAddress(isSecure: false, host: "h", port: nil, stream: "a").base == "http://h:80")
        #expect(M4FAddress(isSecure: true, host: "::1", port: nil, stream: "a").base == "https://[::1]:443")
        #expect(M4FAddress(isSecure: false, host: "h", port: 8002, stream: "a/b").description == "m4f://h:8002/a/b")
    }

    @Test func namesAreEncodedByteForByte() {
        #expect(M4FPath.encoded("town/door 1?ä") == "town/door%201%3f%c3%a4")
    }
}

@Suite struct LiveRequestTests {
    @Test(arguments: [
        LiveRequest(stream: "cam", asking: "cam", instance: 0),
        LiveRequest(stream: "town/door 1", asking: "x/y&z=1?", instance: .max, redirects: 3),
        LiveRequest(stream: "ä", asking: "b", instance: 42, wantsTimelineOnly: true),
    ])
    func whatIsAskedComesBack(request: LiveRequest) {
        #expect(LiveRequest(target: request.target) == request)
    }

    @Test(arguments: [
        "/weir/m4f/1/live/", "/weir/m4f/1/live/cam", "/weir/m4f/1/live/cam?instance=xyz",
        "/weir/m4f/2/live/cam?instance=1",
        "/weir/m4f/1/live/cam?instance=1&redirects=4", "/weir/m4f/1/live/cam?instance=1&redirects=-1",
        "/weir/m4f/1/live/%f?instance=1", "/weir/m4f/1/live/%ff?instance=1", "",
    ])
    func whatCannotBeIsNoRequest(target: String) {
        #expect(LiveRequest(target: target) == nil)
    }

    @Test func redirectsEnd() throws {
        var request = LiveRequest(stream: "cam", asking: "cam", instance: 1)
        for _ in 0..<LiveRequest.redirectsMax { request = try #require(request.redirected) }
        #expect(request.redirected == nil)
    }
}
