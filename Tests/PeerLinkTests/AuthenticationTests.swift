// Which requests of peers are accepted, and what the others are told.
import M4F
import Media
import PeerLink
import Testing

@Suite struct AuthenticationTests {
    static let now = MediaTime(unixMilliseconds: 1_800_000_000_000)
    let signature = PeerSignature(key: "abcd")
    let body = Array(#"{"protocolVersion":1}"#.utf8)

    func request(
        at time: Int64 = Self.now.unixMilliseconds, nonce: String = "00112233445566778899aabbccddeeff"
    )
        -> PeerSignature.Request
    {
        PeerSignature.Request(method: "POST", path: PollWire.path, sender: "streamer", time: time, nonce: nonce)
    }

    @Test("the signature is that of another implementation of HMAC-SHA256")
    func vector() {
        // Python: hmac.new(b"abcd", text, "sha256") over the lines that PeerSignature names.
        #expect(
            signature.sign(request(), body: body) == "99637501c4569193f3f03c3accd19981187086c086a939fb01e2f78a649f89f8")
    }

    @Test("a signed request is accepted once")
    func once() throws {
        var authentication = PeerAuthentication(key: "abcd")
        let code = signature.sign(request(), body: body)
        try authentication.check(request(), signature: code, body: body, at: Self.now)
        #expect(throws: PeerRefusal.replay) {
            try authentication.check(request(), signature: code, body: body, at: Self.now)
        }
    }

    @Test("whatever is changed after signing, the request is refused")
    func changed() {
        let code = signature.sign(request(), body: body)
        var requests: [(PeerSignature.Request, [UInt8], String)] = []
        var changed = request()
        changed.method = "PUT"
        requests.append((changed, body, code))
        changed = request()
        changed.path += "/"
        requests.append((changed, body, code))
        changed = request()
        changed.sender = "flussonic"
        requests.append((changed, body, code))
        changed = request()
        changed.time += 1
        requests.append((changed, body, code))
        changed = request(nonce: "00112233445566778899aabbccddeef0")
        requests.append((changed, body, code))
        requests.append((request(), body + [0], code))
        requests.append((request(), body, String(code.dropLast())))
        requests.append((request(), body, ""))
        requests.append((request(), body, PeerSignature(key: "efgh").sign(request(), body: body)))
        for (request, body, code) in requests {
            var authentication = PeerAuthentication(key: "abcd")
            #expect(throws: PeerRefusal.otherKey) {
                try authentication.check(request, signature: code, body: body, at: Self.now)
            }
        }
    }

    @Test("a clock that differs too much is told by how much", arguments: [-60_001, -60_000, 0, 60_000, 60_001])
    func clocks(ahead: Int64) throws {
        var authentication = PeerAuthentication(key: "abcd")
        let signed = request(at: Self.now.unixMilliseconds + ahead)
        let code = signature.sign(signed, body: body)
        if abs(ahead) <= 60_000 {
            try authentication.check(signed, signature: code, body: body, at: Self.now)
        } else {
            #expect(throws: PeerRefusal.clock(ahead: ahead)) {
                try authentication.check(signed, signature: code, body: body, at: Self.now)
            }
        }
    }

    @Test("times at the ends of the numbers do not trap", arguments: [Int64.min, Int64.max])
    func extremes(time: Int64) {
        var authentication = PeerAuthentication(key: "abcd")
        let signed = request(at: time)
        #expect(throws: PeerRefusal.self) {
            try authentication.check(
                signed, signature: signature.sign(signed, body: body), body: body,
                at: MediaTime(unixMilliseconds: time < 0 ? 1 : -1))
        }
    }

    @Test("what is remembered is bounded, and a nonce is forgotten only when its time is too old to be used again")
    func bounded() throws {
        var authentication = PeerAuthentication(key: "abcd", mostRemembered: 2)
        func send(_ number: Int, at time: Int64) throws {
            let signed = request(at: time, nonce: "nonce-of-request-\(number)")
            try authentication.check(
                signed, signature: signature.sign(signed, body: body), body: body, at: MediaTime(unixMilliseconds: time)
            )
        }
        let start = Self.now.unixMilliseconds
        try send(1, at: start)
        try send(2, at: start + 1)
        #expect(throws: PeerRefusal.busy) { try send(3, at: start + 120_000) }
        try send(3, at: start + 120_001)
        #expect(throws: PeerRefusal.busy) { try send(4, at: start + 120_001) }
    }
}
