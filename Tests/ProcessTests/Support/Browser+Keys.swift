// Keys that have no letter, as WebDriver names them.

/// W3C WebDriver §17.4.2, the table of normalised key values.
enum Key {
    static let tab = "\u{E004}"
    static let enter = "\u{E007}"
    static let shift = "\u{E008}"
    static let control = "\u{E009}"
    static let escape = "\u{E00C}"
    static let left = "\u{E012}"
    static let up = "\u{E013}"
    static let down = "\u{E015}"
}
