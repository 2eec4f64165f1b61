// The configuration files of the disk with another text in place of one of them.
import SettingsLanguage

struct EditedSource: SettingsSource {
    let path: String
    let bytes: [UInt8]
    let disk: DiskSettingsSource

    func read(_ path: String) throws(SettingsSourceError) -> [UInt8] {
        path == self.path ? bytes : try disk.read(path)
    }

    func paths(matching pattern: String) throws(SettingsSourceError) -> [String] { try disk.paths(matching: pattern) }
}
