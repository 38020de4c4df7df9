"""What tests of several packages share: servers, processes, builders and waiting on a condition."""
