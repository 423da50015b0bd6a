//! What each provider offers, as a table.

use einvoice::capabilities::Capabilities;
use einvoice::provider::Operation;
use einvoice::rules::carrier::ReceiveType;
use einvoice::rules::tax::TaxKind;
use einvoice::{amego, ecpay, ezpay, payuni};

/// Paper, member, barcode, certificate, donation, company; company on a carrier.
fn receive(capabilities: &Capabilities) -> String {
    let allowed = ReceiveType::ALL.map(|kind| capabilities.allows_receive(kind));
    let allowed = allowed.into_iter().chain([capabilities.company_on_carrier]);
    allowed.map(|yes| if yes { 'y' } else { '-' }).collect()
}

/// Taxable, zero, exempt, special, mixed; mixed for companies.
fn tax(capabilities: &Capabilities) -> String {
    let allowed = TaxKind::ALL.map(|kind| capabilities.allows_tax(kind, false));
    let mixed = capabilities.allows_tax(TaxKind::Mixed, true);
    let allowed = allowed.into_iter().chain([mixed]);
    allowed.map(|yes| if yes { 'y' } else { '-' }).collect()
}

#[test]
fn the_table_is_what_is_known_of_the_providers() {
    for (capabilities, receives, taxes, prints) in [
        (&ecpay::CAPABILITIES, "yyyyyyy", "yyyyyy", true),
        (&ezpay::CAPABILITIES, "yyyyyy-", "yyy-y-", false),
        (&amego::CAPABILITIES, "yyyyyyy", "yyyyyy", true),
        (&payuni::CAPABILITIES, "-yyyyy-", "y-----", false),
    ] {
        let who = capabilities.provider;
        assert_eq!(receive(capabilities), receives, "{who}");
        assert_eq!(tax(capabilities), taxes, "{who}");
        assert_eq!(capabilities.offers(Operation::PrintUrl), prints, "{who}");
        assert_eq!(capabilities.print_url_lasts.is_some(), prints, "{who}");
    }
}
