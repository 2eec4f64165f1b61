// tests of ManagementAPI
