// Many tests wait for a server, a socket or a client's second try.
[assembly: Xunit.v3.Parallelization(MaxThreads = 4)]
