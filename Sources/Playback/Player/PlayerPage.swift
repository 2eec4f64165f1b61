// Serves the pages with our players: each with its script and style inside, so that it asks for nothing else and no other host.
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

        /// - Parameter file: a page with a place for the title, and behind it one for the script that both share.
        init(_ file: [UInt8]) {
            let (front, rest) = Self.parts(file[...], around: "{{title}}")
            let (back, end) = Self.parts(rest, around: "{{media-element.js}}")
            self.front = front
            self.back = back + PackageResources.media_element_js + end
        }

        private static func parts(
            _ bytes: ArraySlice<UInt8>, around mark: String
        ) -> (before: ArraySlice<UInt8>, after: ArraySlice<UInt8>) {
            let index = bytes.indices.first { bytes[$0...].starts(with: mark.utf8) } ?? bytes.endIndex
            return (bytes[..<index], bytes[index...].dropFirst(mark.utf8.count))
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
