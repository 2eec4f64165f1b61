// The archive in the console: played by a click on the line of time, exported and protected by a drag over it.
import Foundation
import Testing

extension ConsoleTests {
    private struct Place: Decodable, Sendable {
        var x: Int
        var y: Int
        var width: Int
    }

    func archivePlays(_ browser: Browser, _ group: WeirGroup, rules: String) async throws {
        try await browser.show("#/streams/clock")
        // Ten seconds to the left of now are recorded by this time, however slow the machine is.
        try await browser.holds("document.querySelectorAll('.lane rect.recorded').length > 0")
        try await browser.press("1 min")
        let place: Place = try await browser.run(
            """
            document.querySelector(".timeline").scrollIntoView({ block: "center" });
            const lane = document.querySelector(".timeline").getBoundingClientRect();
            const part = [...document.querySelectorAll(".lane rect.recorded")].at(-1).getBoundingClientRect();
            return { x: Math.round(Math.max(part.left, lane.left + 2) + Math.min(part.width, lane.width) * 0.5),
              y: Math.round(lane.top + 32), width: Math.round(Math.min(part.width, lane.width) * 0.25) };
            """)
        try await browser.click(x: place.x, y: place.y)
        let position = "document.querySelector('video.player').currentTime"
        try await browser.holds(
            "document.querySelector('video.player').videoWidth > 0 && document.querySelector('.lane .playing')")
        let before: Double = try await browser.run("return \(position)")
        try await browser.holds("\(position) > \(before) + 1")
        #expect(try await browser.run("return document.querySelector('iframe').hidden", as: Bool.self))

        try await browser.drag(fromX: place.x - place.width, toX: place.x, y: place.y)
        try await browser.shows(["Export MP4", "Protect"], in: ".selection-part")
        try await browser.isAccessible(by: rules, "a selected part of the archive")
        try await exports(browser, group)
        try await protects(browser, group)
        try await browser.press("Back to live")
        try await browser.holds("!document.querySelector('iframe').hidden")
        try await browser.holds(
            "document.querySelector('iframe').contentDocument?.getElementById('video')?.currentTime > 1")
    }

    /// What is selected comes as a file that plays.
    private func exports(_ browser: Browser, _ group: WeirGroup) async throws {
        let folder = group.folder.appending(path: "downloads")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await browser.command(
            "Browser.setDownloadBehavior", ["behavior": "allow", "downloadPath": folder.path, "eventsEnabled": false])
        for (button, form) in [("Export MP4", "mp4"), ("Export MPEG-TS", "ts")] {
            try await browser.press(button)
            var file: URL?
            // The browser gives a file its name when it is whole.
            try await eventually("the \(form) file is there") {
                let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                file = files.first { $0.pathExtension == form && $0.lastPathComponent.hasPrefix("clock-") }
                return file != nil
            }
            let path = try #require(file).path
            #expect(try await MediaTools.codecs(of: path).contains("h264"), "\(path)")
            #expect(try await MediaTools.frameCount(of: path) > 0, "\(path)")
        }
    }

    private func protects(_ browser: Browser, _ group: WeirGroup) async throws {
        func locks() async -> [[String: Any]] {
            await group.list("locks", of: "one", "streams/clock/dvr/locks")
        }
        let _: Bool = try await browser.run(
            "document.querySelector('.selection-part input').value = 'goal'; return true;")
        try await browser.press("Protect")
        try await browser.holds("document.querySelectorAll('.lane rect.protected').length > 0")
        try await browser.press("Protected parts")
        try await browser.shows(["goal", "End protection"])
        let kept = await locks()
        #expect(kept.count == 1 && kept.first?["note"] as? String == "goal", "\(kept)")
        try await browser.press("End protection")
        try await browser.holds("document.querySelectorAll('.lane rect.protected').length === 0")
        #expect(await locks().isEmpty)
    }
}
