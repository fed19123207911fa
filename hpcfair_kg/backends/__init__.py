"""SHELF: where things live and run: blobs, graph, work, sandbox, accounts. One file a backend."""
