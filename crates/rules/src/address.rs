//! What of a device's address somebody sees who may read only (P5).

use std::net::{Ipv4Addr, Ipv6Addr};

use onsite_wire::onsite::{OrganizationRights, Role};

/// Whether a partner's technician reads only: nowhere in the organization more than a viewer.
pub fn reads_only(is_partner: bool, rights: &OrganizationRights) -> bool {
    is_partner && rights.grants.iter().all(|grant| grant.role <= Role::Viewer)
}

/// An address of which the last two segments are left: enough to find the device on a list, not enough to reach it. What is
/// no address is not shown at all.
pub fn last_two_segments(address: &str) -> String {
    let address = address.trim();
    // A zone names an interface of the gateway, not of the device.
    let bare = address.split_once('%').map_or(address, |(bare, _)| bare);
    if let Ok(address) = bare.parse::<Ipv4Addr>() {
        let [_, _, third, fourth] = address.octets();
        format!("*.*.{third}.{fourth}")
    } else if let Ok(address) = bare.parse::<Ipv6Addr>() {
        let [.., seventh, eighth] = address.segments();
        format!("*:{seventh:x}:{eighth:x}")
    } else {
        "*".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use onsite_wire::onsite::Grant;
    use proptest::prelude::*;

    use super::*;

    fn rights(roles: &[Role]) -> OrganizationRights {
        OrganizationRights { grants: roles.iter().map(|role| Grant { location_id: None, role: *role }).collect() }
    }

    #[test]
    fn only_a_partner_who_is_nowhere_more_than_a_viewer_reads_only() {
        assert!(reads_only(true, &rights(&[Role::Viewer, Role::Viewer])));
        assert!(!reads_only(true, &rights(&[Role::Viewer, Role::Editor])));
        assert!(!reads_only(false, &rights(&[Role::Viewer])), "the organization's own people see all of it");
    }

    #[test]
    fn what_is_no_address_is_not_shown_at_all() {
        for text in ["", "ups-7.example.com", "10.1.2", "10.1.2.3.4", "admin@10.1.2.3", "10.1.2.3:80"] {
            assert_eq!(last_two_segments(text), "*", "{text}");
        }
        assert_eq!(last_two_segments(" fe80::7%eth0 "), "*:0:7");
    }

    proptest! {
        #[test]
        fn of_an_address_only_the_last_two_segments_are_left(v4: [u8; 4], v6: [u16; 8]) {
            let [_, _, c, d] = v4;
            let one = last_two_segments(&Ipv4Addr::from(v4).to_string());
            prop_assert_eq!(one, format!("*.*.{c}.{d}"));
            let [.., g, h] = v6;
            let other = last_two_segments(&Ipv6Addr::from(v6).to_string());
            prop_assert_eq!(other, format!("*:{g:x}:{h:x}"));
        }
    }
}
