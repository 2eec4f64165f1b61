// tests of Cluster
