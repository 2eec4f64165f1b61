// A configuration text as it may be shown to an editor, and the way back from the edited text.

/// A configuration text with each password and key replaced by `***`; all else, comments included, is as written.
package struct MaskedText: Sendable {
    private struct Secrets {
        var places: [SecretPlace]
    }

    /// What may be shown.
    package let text: String
    private let original: String

    package init(_ original: String) {
        self.original = original
        let scalars = Array(original.unicodeScalars)
        text = Self.replace(
            SecretPlaces(scalars, findsPlaceholders: false).places.map { ($0.range, $0.masked) }, in: scalars)
    }

    /// The edited text with its `***` replaced by the secrets of the original that stood in the same place: the same
    /// block and directive, or a directive of that name if it had only one secret.
    ///
    /// A `***` that no secret belongs to stays; reading the text then reports `hiddenSecret` at its line.
    package func restored(in edited: String) -> String {
        let scalars = Array(edited.unicodeScalars)
        let known = SecretPlaces(Array(original.unicodeScalars), findsPlaceholders: false).places
        let wanted = SecretPlaces(scalars, findsPlaceholders: true).places.filter {
            $0.raw.range(ofText: Secret.placeholder) != nil
        }
        var replacements: [(Range<Int>, String)] = []
        var seen: [String: Int] = [:]
        for place in wanted {
            let key = "\(place.context)\u{0}\(place.raw)"
            let number = seen[key, default: 0]
            seen[key] = number + 1
            if let secret = Self.secret(of: place, number: number, among: known) {
                replacements.append((place.range, secret))
            }
        }
        return Self.replace(replacements, in: scalars)
    }

    private static func secret(of place: SecretPlace, number: Int, among known: [SecretPlace]) -> String? {
        let sameForm = known.filter { $0.directive == place.directive && $0.masked == place.raw }
        let samePlace = sameForm.filter { $0.context == place.context }.map(\.raw)
        if Set(samePlace).count == 1 { return samePlace[0] }
        // Several in one block: in their order, as long as it is clear which is which.
        if samePlace.indices.contains(number) { return samePlace[number] }
        let elsewhere = Set(sameForm.map(\.raw))
        return elsewhere.count == 1 ? elsewhere.first : nil
    }

    private static func replace(
        _ replacements: [(range: Range<Int>, with: String)], in scalars: [Unicode.Scalar]
    ) -> String {
        var result = String.UnicodeScalarView()
        var end = 0
        for (range, text) in replacements.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            result.append(contentsOf: scalars[end..<range.lowerBound])
            result.append(contentsOf: text.unicodeScalars)
            end = range.upperBound
        }
        result.append(contentsOf: scalars[end...])
        return String(result)
    }
}
