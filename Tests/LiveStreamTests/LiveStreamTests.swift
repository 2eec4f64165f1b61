// tests of LiveStream
