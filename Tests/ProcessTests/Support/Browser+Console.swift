// What the tests of the console ask of its pages.
import Foundation
import Testing

extension Browser {
    /// Shows a page of the console without loading it anew, as a click on a link does.
    func show(_ address: String) async throws {
        let _: Bool = try await run("location.hash = '\(address)'; return true;")
    }

    /// Waits until the page's content shows all `words`.
    func shows(_ words: [String], in selector: String = "#content") async throws {
        var text = ""
        do {
            try await eventually("the page shows \(words)") {
                text = try await run("return document.querySelector('\(selector)')?.innerText ?? ''")
                return words.allSatisfy(text.contains)
            }
        } catch {
            throw TestFailure("\(error) in:\n\(text)")
        }
    }

    /// Waits until `condition`, an expression in JavaScript, is true in the page.
    func holds(_ condition: String) async throws {
        do {
            try await eventually("the page fulfils \(condition)") { try await run("return !!(\(condition));") }
        } catch {
            let text: String = try await run("return document.body.innerText")
            throw TestFailure("\(error); the page:\n\(text)")
        }
    }

    /// Clicks on what `element`, an expression in JavaScript, gives; waits until there is something.
    func click(_ element: String) async throws {
        try await holds("(() => { const found = \(element); found?.click(); return found; })()")
    }

    /// Clicks on the button, link or summary that has `text`; waits until there is one.
    func press(_ text: String) async throws {
        try await holds(
            """
            (() => {
              const found = [...document.querySelectorAll("button, a, summary")].find((element) =>
                (element.innerText.trim() === "\(text)" || element.getAttribute("aria-label") === "\(text)")
                && !element.disabled && element.checkVisibility());
              found?.click();
              return found;
            })()
            """)
    }

    /// What of the console's log is an error.
    func errors() async throws -> [String] {
        try await consoleLog().filter { $0.level == "SEVERE" }.map(\.message)
    }
}
