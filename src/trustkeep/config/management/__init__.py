"""Commands of the installation itself and of the kernel."""
