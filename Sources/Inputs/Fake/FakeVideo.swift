// The fake source's access units, each padded so that the stream has its bit rate.
internal import Media
internal import NIOCore

/// Makes the access unit of any frame of one stream. The result depends on name, bit rate and frame number alone; what is
/// kept from one call to the next only saves drawing and coding again.
struct FakeVideo {
    static let standardBitRate: Int64 = 200_000

    private let name: String
    private let background: FakePicture
    /// Bytes of video in a group of pictures.
    private let groupSize: Int
    private var last: (frame: Int64, picture: FakePicture)?
    private var intra: (group: Int64, picture: [UInt8])?

    /// - `bitRate`: in bits per second, sound included. Pictures are never cut to fit; they need less than 100 000.
    init(name: String, bitRate: Int64) {
        self.name = name
        background = FakePicture(name: name)
        let seconds = FakeClock.framesPerGroup / FakeClock.framesPerSecond
        let sound = seconds * mediaTicksPerSecond * Int64(FakeAudio.silence.count) / FakeAudio.frameDuration.ticks
        groupSize = Int(clamping: bitRate / 8 * seconds - sound)
    }

    /// The frame as an IDR or P picture in the form of `Frame.data`: a user data message and a slice.
    mutating func accessUnit(_ frame: Int64) -> ByteBuffer {
        let group = frame.flooredDivided(by: FakeClock.framesPerGroup)
        let number = Int(frame - group * FakeClock.framesPerGroup)
        let slice = number == 0 ? intraPicture(group) : predictedPicture(frame, number: number)
        let message = FakeVideoCoding.message("\(name) \(frame)", size: size(number, group: group) - slice.count - 8)
        var buffer = ByteBufferAllocator().buffer(capacity: message.count + slice.count + 8)
        for unit in [message, slice] {
            buffer.writeInteger(UInt32(unit.count))
            buffer.writeBytes(unit)
        }
        return buffer
    }

    /// What the access unit should come to: an IDR picture's bytes beyond the average are saved evenly in the others.
    private mutating func size(_ number: Int, group: Int64) -> Int {
        let count = Int(FakeClock.framesPerGroup)
        let first = max(intraPicture(group).count + name.utf8.count + 64, groupSize / count)
        return number == 0 ? first : (groupSize - first) / (count - 1)
    }

    private mutating func intraPicture(_ group: Int64) -> [UInt8] {
        if let intra, intra.group == group { return intra.picture }
        let coded = FakeVideoCoding.intraPicture(picture(group * FakeClock.framesPerGroup), group: group)
        intra = (group, coded)
        return coded
    }

    private mutating func predictedPicture(_ frame: Int64, number: Int) -> [UInt8] {
        let previous = picture(frame - 1)
        return FakeVideoCoding.predictedPicture(picture(frame), after: previous, number: number)
    }

    private mutating func picture(_ frame: Int64) -> FakePicture {
        if let last, last.frame == frame { return last.picture }
        let picture = background.showing(frame: frame)
        last = (frame, picture)
        return picture
    }
}
