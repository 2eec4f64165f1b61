// Watches how a page plays: each change of its position, each picture shown, and how many pictures were decoded.
import Foundation

/// What became of a span that was played to its end.
struct PlayedSpan: Decodable, Sendable {
    /// Start and end of each range of media that the page has, in seconds.
    var ranges: [[Double]]
    /// Pictures decoded since the page was opened, those that were not shown included.
    var decoded: Int
    /// Those of them that came too late to be shown: without a graphics card the machine's load decides of them.
    var dropped: Int
    /// Times of the pictures that were shown, in seconds, in the order in which they were.
    var shown: [Double]
    var seeks: [Seek]

    /// A position that the page has set.
    struct Seek: Decodable, Sendable {
        var from: Double
        var to: Double
        /// Ranges at that moment.
        var ranges: [[Double]]

        /// Seconds between the position and the newest media.
        var behind: Double { (ranges.last?.last ?? from) - from }
        var isInsideOfMedia: Bool { ranges.contains { $0[0] - 0.1 <= from && from <= $0[1] } }
    }
}

extension Browser {
    /// Watches the pages that are opened from now on.
    func watchPlayback() async throws {
        try await command("Page.addScriptToEvaluateOnNewDocument", ["source": Self.watch])
    }

    /// Tells the page's player that no more media comes, and waits until all that it has is played.
    func playToTheEnd() async throws -> PlayedSpan {
        try await holds("window.playback.end()")
        try await eventually("what the page has is played") {
            try await self.run("return document.getElementById('video').ended;")
        }
        return try await run("return window.playback.span();")
    }

    /// Plays all that the page has once more, four times as fast, but for what lies behind `end`.
    func replay(to end: Double) async throws -> PlayedSpan {
        try await holds("window.playback.cut(\(end))")
        let _: Bool = try await run("window.playback.rewind(); return true;")
        try await eventually("it is played again") {
            try await self.run(
                "const video = document.getElementById('video'); return video.ended && video.currentTime > 1;")
        }
        return try await run("return window.playback.span();")
    }

    /// `end` and `cut` are to be asked until they say that they are done: the page may be appending something.
    private static let watch = """
        const seeks = [], shown = [];
        let source = null, video = null, isCut = false;
        const ranges = (media) => {
          const found = [];
          for (let i = 0; i < media.buffered.length; i++) found.push([media.buffered.start(i), media.buffered.end(i)]);
          return found;
        };
        const isBusy = () => Array.from(source.sourceBuffers).some((buffer) => buffer.updating);
        const add = MediaSource.prototype.addSourceBuffer;
        MediaSource.prototype.addSourceBuffer = function (type) { source = this; return add.call(this, type); };
        const position = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "currentTime");
        Object.defineProperty(HTMLMediaElement.prototype, "currentTime", { ...position, set(to) {
          seeks.push({ from: this.currentTime, to, ranges: ranges(this) });
          position.set.call(this, to);
        } });
        document.addEventListener("loadstart", (event) => {
          if (video) return;
          video = event.target;
          const next = (now, picture) => { shown.push(picture.mediaTime); video.requestVideoFrameCallback(next); };
          video.requestVideoFrameCallback(next);
        }, true);
        window.playback = {
          end() {
            if (isBusy()) return false;
            if (source.readyState === "open") source.endOfStream();
            return true;
          },
          cut(time) {
            if (isBusy()) return false;
            if (!isCut) { isCut = true; source.sourceBuffers[0].remove(time, Infinity); return false; }
            return this.end();
          },
          rewind() { video.playbackRate = 4; video.currentTime = video.buffered.start(0); video.play(); },
          span() {
            const quality = video.getVideoPlaybackQuality();
            return { ranges: ranges(video), decoded: quality.totalVideoFrames, dropped: quality.droppedVideoFrames, shown, seeks };
          },
        };
        """
}
