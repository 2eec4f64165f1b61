// tests of Archive
