// tests of Process
