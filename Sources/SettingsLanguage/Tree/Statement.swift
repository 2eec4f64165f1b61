// The tree of the configuration text: statements and blocks, with positions and without meaning.

/// Words ended by `;`, or words followed by a block.
package struct Statement: Hashable, Sendable {
    /// Never empty; the first names the directive.
    package var words: [Word]
    /// The statements in `{ }`; nil when the statement ended with `;`.
    package var block: [Statement]?
    /// Where the `;` or the closing brace stands.
    package var end: SourcePosition

    package init(words: [Word], block: [Statement]?, end: SourcePosition) {
        precondition(!words.isEmpty, "a statement has at least its name")
        self.words = words
        self.block = block
        self.end = end
    }

    package var name: Word { words[0] }
}
