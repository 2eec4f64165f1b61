// tests of Media
