"""The ledger as values: events as exact bytes, the Merkle tree over them, checkpoints, and the verdict."""
