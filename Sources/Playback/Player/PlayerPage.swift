// Serves the pages with our players: each one file, with its script and style inside, that asks no other host.
import NIOCore

enum PlayerPage {
    /// What a page plays.
    enum Kind: Hashable {
        /// The endless live stream.
        case live
        /// The archive with its timeline, and live as its end.
        case archive
    }

    /// The page of a stream; `title` is any text.
    static func page(_ kind: Kind, title: String) -> ByteBuffer {
        let template = kind == .live ? live : archive
        var page = ByteBuffer()
        page.writeBytes(template.front)
        page.writeString(escaped(title))
        page.writeBytes(template.back)
        return page
    }

    private struct Template {
        let front: ArraySlice<UInt8>
        let back: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) {
            let mark = Array("{{title}}".utf8)
            let index = bytes.indices.first { bytes[$0...].starts(with: mark) } ?? bytes.endIndex
            front = bytes[..<index]
            back = bytes[index...].dropFirst(mark.count)
        }
    }

    private static let live = Template(PackageResources.embed_html)
    private static let archive = Template(PackageResources.archive_html)

    /// For text between tags.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
