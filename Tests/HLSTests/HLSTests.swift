// tests of HLS
