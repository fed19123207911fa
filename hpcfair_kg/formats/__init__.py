"""SHELF: what bytes are. One file a framework; each recognises, inspects and exports its formats."""
