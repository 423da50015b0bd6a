//! Tickets: products of the other faces that are had by showing a certificate.

use super::forms::Organization;
use super::recur::{Merchant, Shelf, stock};
use crate::app::App;
use anyhow::{Result, ensure};
use billing::model::{ProductId as RecurProductId, ProductType};
use forms::model::certificate::CertificateConfig;
use forms::model::code::{Element, FILL_FORM, Operation};
use forms::model::form::{Definition, Field, FieldType, Group, Rules, Settings};
use forms::{NewCode, NewTemplate};
use orders::model::{Price, ProductId};
use orders::supplier::certificates::is_certificate;
use std::collections::BTreeMap;
use vouchers::Place;

const SHELF: Shelf = Shelf {
    name: "ticket",
    slug: "museum-ticket",
    title: "Museum ticket",
    kind: ProductType::OneTime,
    price: 300,
    interval: None,
    trial_days: None,
    credits: None,
};

/// What sells tickets.
#[derive(Clone, Copy, Debug)]
pub struct Tickets {
    /// The form that issues them, and the code that it is filled in for.
    pub place: Place,
    /// The product of the order platform.
    pub order_product: ProductId,
    /// The product of subscription billing.
    pub recur_product: RecurProductId,
}

/// Has an organization issue tickets that an order and a purchase from the merchant pay for.
pub async fn tickets(
    app: &App,
    organization: &Organization,
    merchant: &Merchant,
) -> Result<Tickets> {
    let place = box_office(app, organization).await?;
    let known = app.orders.products().await?;
    let mut sold = known.iter().filter(|product| {
        let service = product.service.as_ref();
        service.is_some_and(|service| is_certificate(&service.id))
    });
    // The shelves are everybody's, and may have been filled before.
    let order_product = match sold.next() {
        Some(product) => product.product_id,
        None => {
            let price = Price::from_thousandths(300_000);
            let made = app
                .orders
                .sell_certificates("Concert ticket", price, 1, place);
            made.await?.product_id
        }
    };
    let billing = &app.recur.billing;
    let scope = billing.scope(merchant.account).await?;
    let recur_product = stock(billing, &scope, &SHELF).await?;
    let attached = billing.set_certificate(recur_product, Some(place)).await?;
    ensure!(attached, "a product that is bought once gives tickets");
    Ok(Tickets {
        place,
        order_product,
        recur_product,
    })
}

async fn box_office(app: &App, organization: &Organization) -> Result<Place> {
    let (forms, scope) = (&app.forms, &organization.scope);
    let field = |title: &str, short_name: &str, field_type| Field {
        field_id: forms.new_id(),
        field_title: title.into(),
        field_desc: String::new(),
        field_type,
        field_short_name: short_name.into(),
        settings: Settings::default(),
        rules: Rules::default(),
    };
    let template = NewTemplate {
        name: "Ticket".into(),
        description: "Filled in for whoever pays.".into(),
        submit_button_title: "Issue".into(),
        definition: Definition {
            groups: vec![Group {
                group_id: forms.new_id(),
                fields: vec![
                    field("Visitor", "name", FieldType::Name),
                    field("Admits to", "product", FieldType::Text),
                    field("Order", "reference", FieldType::Text),
                ],
                ..Group::default()
            }],
        },
        certificate: CertificateConfig {
            enabled: true,
            title: "Ticket".into(),
            ..CertificateConfig::default()
        },
        ..NewTemplate::default()
    };
    let tpl_id = forms.create_template(scope, template).await?.tpl_id;
    let code = NewCode {
        project_id: None,
        category_id: None,
        title: "Box office".into(),
        fields: Vec::new(),
        operations: vec![Operation {
            name: "Ticket".into(),
            description: String::new(),
            elements: vec![Element {
                element_type: FILL_FORM,
                element_value: tpl_id,
            }],
            allowed_state_values: BTreeMap::new(),
        }],
        expire_at: None,
    };
    let code_id = forms.create_code(scope, code).await?.code_id;
    Ok(Place { tpl_id, code_id })
}
