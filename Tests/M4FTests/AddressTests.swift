// What URLs of other servers' streams stand for.
import M4F
import Testing

@Suite struct AddressTests {
    @Test func portsAndFamiliesAreThoseOfHTTP() {
        #expect(M4FAddress(isSecure: false, host: "h", port: nil, stream: "a").base == "http://h:80")
        #expect(M4FAddress(isSecure: true, host: "::1", port: nil, stream: "a").base == "https://[::1]:443")
        let moved = M4FAddress(isSecure: false, host: "h", port: 8080, stream: "a/b").moved(toPort: 8002)
        #expect(moved.description == "m4f://h:8002/a/b")
    }

    @Test func namesAreEncodedByteForByte() {
        #expect(M4FPath.encoded("town/door 1?ä") == "town/door%201%3f%c3%a4")
    }
}
