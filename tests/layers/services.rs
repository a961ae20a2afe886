//! The table of KubeStock's documents.

/// Each service with its port.
pub(crate) const SERVICES: [(&str, u64); 6] = [
    ("frontend", 3000),
    ("ms-identity", 3006),
    ("ms-inventory", 3001),
    ("ms-order-management", 3002),
    ("ms-product", 3003),
    ("ms-supplier", 3004),
];
