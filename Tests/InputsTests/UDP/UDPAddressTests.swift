// What the settings accept as an udp:// address is what can be opened, and nothing else.
import Ingest
import SettingsLanguage
import Testing

@testable import Inputs

@Test(
    "The settings and the input agree on udp:// addresses",
    arguments: [
        ("udp://239.0.0.1:1234", true), ("udp://@239.0.0.1:1234", true), ("udp://:1234", true),
        ("udp://@:1234", true), ("udp://0.0.0.0:1234", true), ("udp://127.0.0.1:1234", true),
        ("udp://localhost:1234", true), ("udp://239.0.0.1:1234/10.0.0.1", true), ("udp://239.0.0.1:1234/eth0", true),
        ("udp://239.0.0.1:1234/", true), ("udp://10.1.1.1@232.0.0.1:1234", true),
        ("udp://10.1.1.1@232.0.0.1:1234/eth0", true), ("udp://[ff15::1]:1234", true),
        ("udp://[ff15::1]:1234/eth0", true), ("udp://[::]:1234", true), ("udp://[::1]:65535", true),
        ("udp://[::ffff:10.0.0.1]:1234", true), ("udp://239.0.0.1:1234?x=y", true),
        // A port.
        ("udp://239.0.0.1", false), ("udp://239.0.0.1:", false), ("udp://239.0.0.1:0", false),
        ("udp://239.0.0.1:65536", false), ("udp://239.0.0.1:x", false), ("udp://239.0.0.1:+5", false),
        ("udp://", false), ("udp://:", false),
        // An address.
        ("udp://camera.local:1234", false), ("udp://239.0.0:1234", false), ("udp://239.0.0.256:1234", false),
        ("udp://239.0.0.01:1234", false), ("udp://[ff15::1::2]:1234", false), ("udp://[12345::]:1234", false),
        ("udp://[1:2:3:4:5:6:7]:1234", false), ("udp://[1:2:3:4:5:6:7:8:9]:1234", false),
        ("udp://[fe80::1%eth0]:1234", false), ("udp://::1:1234", false), ("udp://ff15::1:1234", false),
        // An interface.
        ("udp://10.0.0.1:1234/eth0", false), ("udp://:1234/eth0", false), ("udp://[::1]:1234/eth0", false),
        ("udp://239.0.0.1:1234/a/b", false), ("udp://239.0.0.1:1234/%zz", false),
        ("udp://[ff::1]:1234/eth0", false), ("udp://[FF02::1]:1234/eth0", true),
        // A source.
        ("udp://239.0.0.2@239.0.0.1:1234", false),
        ("udp://10.1.1.1@10.0.0.1:1234", false), ("udp://camera@232.0.0.1:1234", false),
        ("udp://10.1.1.1@[ff15::1]:1234", false), ("udp://10.1.1.1@:1234", false),
    ] as [(String, Bool)])
func udpAddresses(_ text: String, _ isGood: Bool) {
    let opened = Result { () throws(InputFailure) in try UDPEndpoint(Inputs.InputURL(text)) }
    #expect(((try? opened.get()) != nil) == isGood, "opener: \(opened)")
    let settings = "stream s { input \"\(text)\"; }"
    let told = Result { try LoadedSettings.load("weir.conf", from: TextSettingsSource(["weir.conf": settings])) }
    #expect(((try? told.get()) != nil) == isGood, "settings: \(told)")
}
