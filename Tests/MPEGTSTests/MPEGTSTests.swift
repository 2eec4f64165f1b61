// tests of MPEGTS
