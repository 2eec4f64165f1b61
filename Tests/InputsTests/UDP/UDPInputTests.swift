// udp:// on real sockets of loopback: ffmpeg sends, and the test itself.
import Foundation
import Ingest
import Media
import NIOCore
import Testing

@testable import Inputs

@Suite(.timeLimit(.minutes(10)))
struct UDPInputTests {
    let loops: ReceiveLoopGroup
    let input: StandardInputs
    let recorder: StandardInputs

    init() throws {
        loops = try ReceiveLoopGroup(threadCount: 2)
        input = StandardInputs([
            UDPInput(loops: loops, makeParser: { request throws(InputFailure) in try TransportStreamParser(request) })
        ])
        recorder = StandardInputs([UDPInput(loops: loops, makeParser: { _ in ByteRecorder() })])
    }

    @Test(arguments: ["mpegts udp://127.0.0.1:PORT?pkt_size=1316", "rtp_mpegts rtp://127.0.0.1:PORT"])
    func unicastFromFFmpeg(_ output: String) async throws {
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try input.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
        let sender = try FFmpeg(
            ["-re"]
                + FFmpeg.source(
                    seconds: 60, options: "-f \(output.replacing("PORT", with: "\(port)"))"))
        let gathered = await probe.gather { $0.frames(of: .video).count >= 60 && $0.frames(of: .audio).count >= 60 }
        #expect(gathered.failure == nil)
        #expect(!gathered.isOutOfOrder)
        #expect(gathered.clocks.allSatisfy { $0 == .free })
        let times = gathered.frames(of: .video).map(\.decodeTime)
        #expect(zip(times, times.dropFirst()).allSatisfy { ($1 - $0).ticks == 3600 })
        #expect(session.counters.bytes > 0)
        #expect(session.counters.tsLost == 0)
        #expect(session.counters.kernelDrops == 0)
        session.stop()
        withExtendedLifetime(sender) { loops.stop() }
    }

    @Test func multicastIsShared() async throws {
        let port = Loopback.freePort()
        let url = "udp://239.255.77.1:\(port)/127.0.0.1"
        let probes = [EventProbe(), EventProbe()]
        let sessions = try probes.map {
            try input.open(InputRequest(stream: "cam", url: url), deliver: $0.deliver)
        }
        let sender = try FFmpeg(
            ["-re"]
                + FFmpeg.source(
                    seconds: 60,
                    options: "-f mpegts udp://239.255.77.1:\(port)?pkt_size=1316&localaddr=127.0.0.1&ttl=0"))
        for probe in probes {
            let gathered = await probe.gather { $0.frames(of: .video).count >= 30 }
            #expect(gathered.failure == nil)
        }
        for session in sessions { session.stop() }
        withExtendedLifetime(sender) { loops.stop() }
    }

    @Test func sourceSpecificMulticastJoins() async throws {
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try input.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1@232.7.7.7:\(port)/127.0.0.1"), deliver: probe.deliver)
        // The same group from somebody who does not send.
        let other = try input.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.2@232.7.7.7:\(port)/127.0.0.1"), deliver: { _ in })
        let sender = try FFmpeg(
            ["-re"]
                + FFmpeg.source(
                    seconds: 60,
                    options: "-f mpegts udp://232.7.7.7:\(port)?pkt_size=1316&localaddr=127.0.0.1&ttl=0"))
        let gathered = await probe.gather { $0.frames(of: .video).count >= 30 }
        #expect(gathered.failure == nil)
        #expect(other.counters.packets == 0)
        other.stop()
        session.stop()
        withExtendedLifetime(sender) { loops.stop() }
    }

    /// Machines without IPv6 say so in words.
    @Test func unicastOverIPv6() async throws {
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try input.open(
            InputRequest(stream: "cam", url: "udp://[::1]:\(port)"), deliver: probe.deliver)
        let sender = try FFmpeg(
            ["-re"] + FFmpeg.source(seconds: 60, options: "-f mpegts udp://[::1]:\(port)?pkt_size=1316"))
        let gathered = await probe.gather { $0.frames(of: .video).count >= 30 }
        if let failure = gathered.failure {
            #expect(!Loopback.hasIPv6)
            #expect(failure.message.contains("[::1]:\(port)"), "\(failure)")
        } else {
            #expect(session.counters.tsLost == 0)
        }
        session.stop()
        withExtendedLifetime(sender) { loops.stop() }
    }

    @Test func whatTheKernelDroppedIsCounted() async throws {
        let loops = try ReceiveLoopGroup(threadCount: 1)
        let gate = Gate()
        let slow = StandardInputs([UDPInput(loops: loops, makeParser: { _ in GatedRecorder(gate: gate) })])
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try slow.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
        while !gate.isReached {
            Loopback.send([[0x47, 0]], to: port)
            try await Task.sleep(for: .milliseconds(20))  // house rule: a sender's pace
        }
        // The thread stands in the parser. More than any buffer that the kernel may have given.
        let datagram = [UInt8](repeating: 0x47, count: 1316)
        for _ in 0..<100 { Loopback.send(Array(repeating: datagram, count: 200), to: port) }
        gate.open()
        // The counter is asked for with each full batch, and the marker comes after those.
        let marker: [UInt8] = [0x47, 0xFF]
        let sending = Task {
            while !Task.isCancelled {
                Loopback.send([marker], to: port)
                try await Task.sleep(for: .milliseconds(20))  // house rule: a sender's pace
            }
        }
        _ = await probe.gather { $0.frames.last.map { Array($0.data.readableBytesView) } == marker }
        sending.cancel()
        #expect(session.counters.kernelDrops > 0)
        session.stop()
        loops.stop()
    }

    /// What the kernel allows of it, which counts its own overhead too and so reports the double (socket(7)).
    @Test func theSocketHasALargeBuffer() throws {
        let port = Loopback.freePort()
        let descriptor = try UDPEndpoint(InputURL("udp://127.0.0.1:\(port)")).open(named: "cam")
        defer { close(descriptor) }
        var (size, length): (Int32, socklen_t) = (0, 4)
        #expect(getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, &length) == 0)
        let text = try String(contentsOfFile: "/proc/sys/net/core/rmem_max", encoding: .utf8)
        let most = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(Int(size) >= 2 * min(most, UDPInput.receiveBuffer))
        #expect(UDPInput.receiveBuffer >= 4 << 20)
    }

    @Test func manySocketsShareAThread() async throws {
        let loops = try ReceiveLoopGroup(threadCount: 1)
        let recorder = StandardInputs([UDPInput(loops: loops, makeParser: { _ in ByteRecorder() })])
        let inputs = try (UInt8(0)..<60).map { number in
            let (port, probe) = (Loopback.freePort(), EventProbe())
            let request = InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)")
            return (number, port, probe, try recorder.open(request, deliver: probe.deliver))
        }
        for (number, port, probe, session) in inputs {
            let got = await received(2, by: probe, sending: [[0x47, number]], to: port)
            #expect(got.allSatisfy { $0 == [0x47, number] })
            session.stop()
        }
        loops.stop()
    }

    @Test func portInUse() async throws {
        let port = Loopback.freePort()
        let (first, second) = (EventProbe(), EventProbe())
        let request = InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)")
        let one = try recorder.open(request, deliver: first.deliver)
        // The first socket is open once something came through it.
        _ = await received(1, by: first, sending: [[0x47, 1]], to: port)
        let two = try recorder.open(request, deliver: second.deliver)
        let failure = try #require(await second.failure())
        #expect(failure.code == .unreachable)
        #expect(failure.message.contains("another program or input listens on port \(port)"), "\(failure)")
        // The other is not disturbed, and a stopped input gives its port back.
        #expect(await received(1, by: first, sending: [[0x47, 2]], to: port).last == [0x47, 2])
        one.stop()
        two.stop()
        loops.stop()
    }

    @Test func addressOfAnotherMachine() async throws {
        let probe = EventProbe()
        let session = try recorder.open(
            InputRequest(stream: "cam", url: "udp://192.0.2.7:\(Loopback.freePort())"), deliver: probe.deliver)
        let failure = try #require(await probe.failure())
        #expect(failure.code == .unreachable)
        #expect(failure.message.contains("192.0.2.7 is not an address of this machine"), "\(failure)")
        session.stop()
        loops.stop()
    }

    @Test func reopeningAfterStopWorks() async throws {
        let loops = try ReceiveLoopGroup(threadCount: 1)
        let recorder = StandardInputs([UDPInput(loops: loops, makeParser: { _ in ByteRecorder() })])
        let port = Loopback.freePort()
        for round in UInt8(0)..<3 {
            let probe = EventProbe()
            let session = try recorder.open(
                InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
            #expect(await received(1, by: probe, sending: [[0x47, round]], to: port).last == [0x47, round])
            session.stop()
            session.stop()
        }
        loops.stop()
    }

    @Test func whenItSaysThatItIsClosedItsSocketIs() async throws {
        for round in UInt8(1)...5 {
            let port = Loopback.freePort()
            let probe = EventProbe()
            let session = try recorder.open(
                InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
            _ = await received(1, by: probe, sending: [[0x47, round]], to: port)
            #expect(Loopback.sockets(boundTo: Int(port)) == 1)
            await closing(session)
            #expect(Loopback.sockets(boundTo: Int(port)) == 0)
            await closing(session)
        }
        let port = Loopback.freePort()
        let session = try recorder.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: { _ in })
        loops.stop()
        await closing(session)
        #expect(Loopback.sockets(boundTo: Int(port)) == 0)
    }

    private func closing(_ session: any InputSession) async {
        await withCheckedContinuation { continuation in session.stop { continuation.resume() } }
    }

    @Test func rtpIsReordered() async throws {
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try recorder.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
        _ = await received(1, by: probe, sending: [[0x47, 0]], to: port)
        let packets = [1, 3, 2, 5, 4, 6].map { number -> [UInt8] in
            [0x80, 33, 0, UInt8(number), 0, 0, 0, 0, 0, 0, 0, 7, 0x47, UInt8(number)]
        }
        Loopback.send(packets, to: port)
        let gathered = await probe.gather { $0.frames.contains { $0.data.getInteger(at: 1) == UInt8(6) } }
        // Probing datagrams may still be on their way: they end in zero.
        let numbers = gathered.frames.compactMap { $0.data.getInteger(at: 1, as: UInt8.self) }.filter { $0 != 0 }
        #expect(numbers == [1, 2, 3, 4, 5, 6])
        #expect(session.counters.rtpReordered >= 2)
        #expect(session.counters.rtpLost == 0)
        session.stop()
        loops.stop()
    }

    @Test func anRTPPacketThatNeverComesIsGivenUpAndCounted() async throws {
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try recorder.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
        func packet(_ number: UInt8) -> [UInt8] { [0x80, 33, 0, number, 0, 0, 0, 0, 0, 0, 0, 7, 0x47, number] }
        _ = await received(1, by: probe, sending: [[0x47, 0]], to: port)
        // The third never comes; the fourth and the fifth wait for it, however often they are sent.
        let sending = Task {
            while !Task.isCancelled {
                Loopback.send([1, 2, 4, 5].map(packet), to: port)
                try await Task.sleep(for: .milliseconds(20))  // house rule: a sender's pace
            }
        }
        let gathered = await probe.gather { $0.frames.contains { $0.data.getInteger(at: 1) == UInt8(5) } }
        sending.cancel()
        let numbers = gathered.frames.compactMap { $0.data.getInteger(at: 1, as: UInt8.self) }.filter { $0 != 0 }
        #expect(numbers == [1, 2, 4, 5])
        #expect(session.counters.rtpLost == 1)
        session.stop()
        loops.stop()
    }

    /// The time stamp of the first packet reads like the begin of an RTP header, that of a later one does not.
    @Test func packetsWithTimeStampsAreNotTakenForRTP() async throws {
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try recorder.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
        let packet: [UInt8] = [0x80, 33, 0, 1, 0x47] + Array(repeating: 5, count: 187)
        let datagram = Array(repeatElement(packet, count: 7).joined())
        #expect(await received(1, by: probe, sending: [datagram], to: port).last == datagram)
        session.stop()
        loops.stop()
    }

    /// As cameras send H.264 without a transport stream around it.
    @Test func rtpWithoutATransportStreamIsNamed() async throws {
        let port = Loopback.freePort()
        let probe = EventProbe()
        let session = try input.open(
            InputRequest(stream: "cam", url: "udp://127.0.0.1:\(port)"), deliver: probe.deliver)
        let sender = Task {
            for number in 0... {
                let packet: [UInt8] = [
                    0x80, 96, 0, UInt8(truncatingIfNeeded: number), 0, 0, 0, 0, 0, 0, 0, 7, 0x7C, 0x85, 1, 2, 3,
                ]
                Loopback.send([packet], to: port)
                try await Task.sleep(for: .milliseconds(5))  // house rule: a sender's pace
            }
        }
        let gathered = await probe.gather { !$0.notices.isEmpty }
        sender.cancel()
        #expect(gathered.notices.first?.contains("payload type 96") == true, "\(gathered.notices)")
        #expect(gathered.frames.isEmpty && session.counters.bytes == 0)
        session.stop()
        loops.stop()
    }

    /// Sends again and again until `count` datagrams came: the socket may not be open yet when the first is sent.
    private func received(
        _ count: Int, by probe: EventProbe, sending datagrams: [[UInt8]], to port: UInt16
    ) async -> [[UInt8]] {
        let sender = Task {
            while !Task.isCancelled {
                Loopback.send(datagrams, to: port)
                try await Task.sleep(for: .milliseconds(20))  // house rule: a sender's pace
            }
        }
        let wanted = datagrams.last
        let gathered = await probe.gather { gathered in
            gathered.frames.filter { Array($0.data.readableBytesView) == wanted }.count >= count
        }
        sender.cancel()
        // Nothing of this sender is on its way any more when the next socket opens.
        _ = await sender.result
        return gathered.frames.map { Array($0.data.readableBytesView) }
    }
}
