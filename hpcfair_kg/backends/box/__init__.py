"""What a box is built of: one facility of the Linux kernel a module, all by ctypes."""
