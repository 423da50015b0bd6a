use store::text_enum;

text_enum! {
    /// What webhooks tell of.
    #[expect(missing_docs, reason = "the names say it")]
    pub enum EventKind {
        CheckoutCreated = "checkout.created",
        CheckoutCompleted = "checkout.completed",
        OrderPaid = "order.paid",
        OrderPaymentFailed = "order.payment_failed",
        SubscriptionCreated = "subscription.created",
        SubscriptionActivated = "subscription.activated",
        SubscriptionCancelled = "subscription.cancelled",
        SubscriptionRevoked = "subscription.revoked",
        SubscriptionExpired = "subscription.expired",
        SubscriptionTrialEnding = "subscription.trial_ending",
        SubscriptionUpgraded = "subscription.upgraded",
        SubscriptionDowngraded = "subscription.downgraded",
        SubscriptionRenewed = "subscription.renewed",
        SubscriptionPastDue = "subscription.past_due",
        SubscriptionPaymentMethodRequired = "subscription.payment_method_required",
        SubscriptionScheduleCreated = "subscription.schedule_created",
        SubscriptionScheduleExecuted = "subscription.schedule_executed",
        SubscriptionScheduleCancelled = "subscription.schedule_cancelled",
        InvoiceCreated = "invoice.created",
        InvoicePaid = "invoice.paid",
        InvoicePaymentFailed = "invoice.payment_failed",
        CustomerCreated = "customer.created",
        CustomerUpdated = "customer.updated",
        ProductCreated = "product.created",
        ProductUpdated = "product.updated",
        RefundCreated = "refund.created",
        RefundSucceeded = "refund.succeeded",
        RefundFailed = "refund.failed",
        EinvoiceIssued = "einvoice.issued",
        EinvoiceIssueFailed = "einvoice.issue_failed",
        EinvoiceVoided = "einvoice.voided",
        EinvoiceAllowanceCreated = "einvoice.allowance_created",
    }
}
