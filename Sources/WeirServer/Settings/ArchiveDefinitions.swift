// From the words of a `dvr` line to those of the archive rooms.
import Archive
import ArchiveStorage
import Media
import SettingsLanguage

extension RetentionPolicy {
    init(_ archive: SettingsLanguage.ArchiveSettings) {
        self.init(
            age: archive.age?.mediaSpan, bytes: archive.bytes, diskShare: archive.diskShare.map { Double($0) / 100 })
    }
}

extension Durability {
    init(_ sync: SettingsLanguage.ArchiveSettings.Sync) {
        switch sync {
        case .every(let period): self = .every(period)
        case .off: self = .system
        }
    }

    /// A store is synced as a whole: as often as the most careful of its streams asks for.
    func stricter(than other: Durability?) -> Durability {
        switch (self, other) {
        case (.every(let a), .every(let b)): .every(min(a, b))
        case (.system, let other?): other
        default: self
        }
    }
}
