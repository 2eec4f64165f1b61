// tests of CMAF
