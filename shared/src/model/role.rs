//! What people may do.

use super::text_enum;

text_enum! {
    /// What a person may do.
    Role {
        /// Everything.
        Administrator = "administrator",
        /// Looks at everything but secrets, and changes nothing.
        Viewer = "viewer",
    }
}
