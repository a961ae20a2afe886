//! Whether a workload is ready, and why not: recorded objects and events in, a verdict out. Pure.
