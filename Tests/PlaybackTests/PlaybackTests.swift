// tests of Playback
