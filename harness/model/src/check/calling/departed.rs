//! To which check a departure belongs.

use crate::answer::{Departure, End};

/// Tells whether a departure says that another answered than should have, or that it cannot be told who did (K01).
pub(in crate::check) fn is_identity(departure: &Departure) -> bool {
    match departure {
        Departure::NotAnAnswer(_)
        | Departure::OtherStatus { .. }
        | Departure::OtherRun { .. }
        | Departure::OtherToken { .. }
        | Departure::OtherGreeting
        | Departure::OtherPod { .. }
        | Departure::OtherUid { .. }
        | Departure::OtherServiceAccount { .. }
        | Departure::OtherNode { .. }
        | Departure::OtherPort { .. }
        | Departure::OtherBind { .. }
        | Departure::OtherProtocol { .. }
        | Departure::MixedFamilies { .. }
        | Departure::NotItsOwn { .. } => true,
        Departure::Ended { .. }
        | Departure::OtherFamily { .. }
        | Departure::Mapped { .. }
        | Departure::OtherPeer { .. }
        | Departure::OtherSocket { .. } => false,
    }
}

/// Tells whether a departure says that one end has another family than it should.
pub(in crate::check) fn is_family(departure: &Departure, wanted: End) -> bool {
    matches!(departure, Departure::OtherFamily { end, .. } if *end == wanted)
}

/// Tells whether a departure says that the server sees another peer than it should.
pub(in crate::check) fn is_peer(departure: &Departure) -> bool {
    matches!(departure, Departure::OtherPeer { .. } | Departure::OtherSocket { .. })
}
