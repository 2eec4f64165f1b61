// Serves the page with our player: one file, with its script and style inside, that asks no other host.
import NIOCore

enum PlayerPage {
    /// The page of a stream; `title` is any text.
    static func page(title: String) -> ByteBuffer {
        var page = ByteBuffer()
        page.writeBytes(front)
        page.writeString(escaped(title))
        page.writeBytes(back)
        return page
    }

    private static let template = PackageResources.embed_html
    private static let mark = Array("{{title}}".utf8)
    private static let markIndex = template.indices.first { template[$0...].starts(with: mark) } ?? template.endIndex
    private static let front = template[..<markIndex]
    private static let back = template[markIndex...].dropFirst(mark.count)

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
