// Percent-encoding: what is decoded, and what is refused.
import Media
import Testing

@Test(arguments: [
    ("", ""), ("cam", "cam"), ("a%20b", "a b"), ("%2Fx%2fy", "/x/y"), ("%c3%A4ä", "ää"), ("%2525", "%25"),
    ("a+b", "a+b"),
    ("%F0%9F%8E%A5", "🎥"), ("%00", "\u{0}"),
])
func percentEncodedTextIsDecoded(text: String, decoded: String) {
    #expect(PercentEncoding.decoded(text[...]) == decoded)
}

@Test(arguments: [
    "%", "a%", "%2", "a%2", "%zz", "%2g", "%g2", "%+f", "% f", "%-1", "%%20", "%ää", "%２０", "%ff", "%c3", "%c3%28",
    "%ed%a0%80",
])
func brokenPercentEncodingIsRefused(text: String) {
    #expect(PercentEncoding.decoded(text[...]) == nil)
}
