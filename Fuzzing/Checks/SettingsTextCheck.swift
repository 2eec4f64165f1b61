// Any text as configuration: a mistake has a place in it, and settings that load are printed and load again as the same.
import SettingsLanguage

enum SettingsTextCheck {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        let check = load(String(decoding: bytes, as: UTF8.self))
        for diagnostic in check.diagnostics {
            try demand(
                diagnostic.position.line >= 1 && diagnostic.position.column >= 1,
                "a mistake without place: \(diagnostic)")
        }
        guard let settings = check.loaded?.settings else {
            try demand(!check.diagnostics.isEmpty, "refused without a reason")
            return
        }
        let printed = settings.text(secrets: .shown)
        let again = load(printed)
        guard let back = again.loaded?.settings else {
            throw FuzzFinding("printed settings do not load: \(again.diagnostics)\n\(printed)")
        }
        try demand(back == settings, "printed settings load as others:\n\(printed)\n\(back.text(secrets: .shown))")
        try demand(back.text(secrets: .shown) == printed, "printing twice gives two texts:\n\(printed)")
    }

    private static func load(_ text: String) -> SettingsCheck {
        SettingsCheck(path: "weir.conf", in: TextSettingsSource(["weir.conf": text]))
    }
}
