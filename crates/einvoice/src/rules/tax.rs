//! Business tax: what an invoice, and each of its lines, is taxed with.

use serde::{Deserialize, Serialize};

/// What a line is taxed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineTax {
    /// 5 %.
    Taxable,
    /// 0 %, with a reason.
    ZeroRated,
    /// Not at all.
    Exempt,
}

/// What an invoice is taxed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxType {
    /// 5 %.
    Taxable,
    /// 0 %, with a reason.
    ZeroRated,
    /// Not at all.
    Exempt,
    /// A rate of its own for certain trades, on an invoice of its own series (`08`).
    Special(SpecialRate),
    /// Each line with its own; zero-rated and exempt lines cannot be on one invoice.
    Mixed,
}

/// The kinds of [`TaxType`]: what providers offer or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaxKind {
    /// 5 %.
    Taxable,
    /// 0 %.
    ZeroRated,
    /// None.
    Exempt,
    /// A rate of its own.
    Special,
    /// Line by line.
    Mixed,
}

/// The trades with a rate of their own, on gross receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialRate {
    /// Bars with hostesses, 25 %.
    HostessBar,
    /// Night clubs and restaurants with shows, 15 %.
    NightClub,
    /// Banks, insurers, trusts, securities, futures, bills and pawnshops, for their own trade, 2 %.
    Finance,
    /// Reinsurance premiums, 1 %.
    Reinsurance,
    /// The same institutions as [`Finance`](Self::Finance), for what is not their own trade, 5 %.
    FinanceOther,
    /// Banking and insurance proper since July 2014, 5 %.
    BankingAndInsurance,
}

/// How zero-rated goods leave the country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Customs {
    /// Not through customs.
    NotThrough,
    /// Through customs.
    Through,
}

/// Why something is zero-rated: asked for since 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroRateReason {
    /// Exported goods.
    ExportedGoods,
    /// Services for export, or provided here and used abroad.
    ExportedServices,
    /// Sold by a duty-free shop to travellers.
    DutyFreeShop,
    /// Sold to a business in a bonded zone.
    ToBondedZone,
    /// International transport.
    InternationalTransport,
    /// Ships, aircraft and deep-sea boats for international transport.
    ShipsAndAircraft,
    /// Goods and repairs for those.
    ShipsAndAircraftSupplies,
    /// Exported directly from a bonded zone.
    BondedZoneExport,
    /// From a bonded zone to a free port or bonded warehouse, for export.
    BondedZoneToFreePort,
}

impl LineTax {
    /// The tax authority's digit: `1` taxable, `2` zero-rated, `3` exempt.
    pub const fn digit(self) -> &'static str {
        match self {
            Self::Taxable => "1",
            Self::ZeroRated => "2",
            Self::Exempt => "3",
        }
    }
}

impl TaxType {
    /// Its kind.
    pub const fn kind(self) -> TaxKind {
        match self {
            Self::Taxable => TaxKind::Taxable,
            Self::ZeroRated => TaxKind::ZeroRated,
            Self::Exempt => TaxKind::Exempt,
            Self::Special(_) => TaxKind::Special,
            Self::Mixed => TaxKind::Mixed,
        }
    }

    /// What its lines are taxed with; `None` when they say so themselves.
    pub const fn of_lines(self) -> Option<LineTax> {
        match self {
            Self::Taxable | Self::Special(_) => Some(LineTax::Taxable),
            Self::ZeroRated => Some(LineTax::ZeroRated),
            Self::Exempt => Some(LineTax::Exempt),
            Self::Mixed => None,
        }
    }

    /// The series of the invoice: `07`, or `08` for special rates.
    pub const fn series(self) -> &'static str {
        match self {
            Self::Special(_) => "08",
            _ => "07",
        }
    }

    /// The rate of its taxable part in percent.
    pub const fn percent(self) -> u8 {
        match self {
            Self::Taxable | Self::Mixed => 5,
            Self::ZeroRated | Self::Exempt => 0,
            Self::Special(rate) => rate.percent(),
        }
    }
}

impl TaxKind {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Taxable,
        Self::ZeroRated,
        Self::Exempt,
        Self::Special,
        Self::Mixed,
    ];

    /// The tax authority's digit: `1` taxable, `2` zero-rated, `3` exempt, `4` special, `9` mixed.
    pub const fn digit(self) -> &'static str {
        match self {
            Self::Taxable => "1",
            Self::ZeroRated => "2",
            Self::Exempt => "3",
            Self::Special => "4",
            Self::Mixed => "9",
        }
    }

    /// The kind with this digit.
    pub fn of(digit: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.digit() == digit)
    }
}

impl SpecialRate {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::HostessBar,
        Self::NightClub,
        Self::Finance,
        Self::Reinsurance,
        Self::FinanceOther,
        Self::BankingAndInsurance,
    ];

    /// The number of the rate on the tax return, 1 to 6.
    pub const fn number(self) -> u8 {
        match self {
            Self::HostessBar => 1,
            Self::NightClub => 2,
            Self::Finance => 3,
            Self::Reinsurance => 4,
            Self::FinanceOther => 5,
            Self::BankingAndInsurance => 6,
        }
    }

    /// The rate in percent.
    pub const fn percent(self) -> u8 {
        match self {
            Self::HostessBar => 25,
            Self::NightClub => 15,
            Self::Finance => 2,
            Self::Reinsurance => 1,
            Self::FinanceOther | Self::BankingAndInsurance => 5,
        }
    }
}

impl Customs {
    /// The tax authority's digit: `1` not through customs, `2` through customs.
    pub const fn digit(self) -> &'static str {
        match self {
            Self::NotThrough => "1",
            Self::Through => "2",
        }
    }
}

impl ZeroRateReason {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::ExportedGoods,
        Self::ExportedServices,
        Self::DutyFreeShop,
        Self::ToBondedZone,
        Self::InternationalTransport,
        Self::ShipsAndAircraft,
        Self::ShipsAndAircraftSupplies,
        Self::BondedZoneExport,
        Self::BondedZoneToFreePort,
    ];

    /// The tax authority's number, `71` to `79`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::ExportedGoods => "71",
            Self::ExportedServices => "72",
            Self::DutyFreeShop => "73",
            Self::ToBondedZone => "74",
            Self::InternationalTransport => "75",
            Self::ShipsAndAircraft => "76",
            Self::ShipsAndAircraftSupplies => "77",
            Self::BondedZoneExport => "78",
            Self::BondedZoneToFreePort => "79",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_digits() {
        for kind in TaxKind::ALL {
            assert_eq!(TaxKind::of(kind.digit()), Some(kind));
        }
        assert_eq!(TaxKind::of("5"), None);
    }

    #[test]
    fn special_rates_have_a_series_of_their_own() {
        let special = TaxType::Special(SpecialRate::NightClub);
        assert_eq!((special.series(), special.percent()), ("08", 15));
        assert_eq!(TaxType::Mixed.series(), "07");
        assert_eq!(TaxType::Exempt.percent(), 0);
    }
}
