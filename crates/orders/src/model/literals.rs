use serde::{Serialize, Serializer};
use store::record::Column;
use store::{FromColumn, Param, Row, StoreError};

/// Declares an enum whose values are literals on the wire and in the database.
macro_rules! literals {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $literal:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* #[doc = concat!("`", $literal, "`")] $variant),* }

        impl $name {
            /// Every literal, in the order of declaration.
            pub const LITERALS: &'static [&'static str] = &[$($literal),*];

            /// The literal.
            pub const fn literal(self) -> &'static str {
                match self { $(Self::$variant => $literal),* }
            }

            /// The value with this literal.
            pub fn from_literal(literal: &str) -> Option<Self> {
                match literal { $($literal => Some(Self::$variant),)* _ => None }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.literal())
            }
        }

        impl FromColumn for $name {
            fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
                let literal: String = row.get(index)?;
                Self::from_literal(&literal).ok_or_else(|| {
                    StoreError::Corrupt(format!(concat!("{:?} is no ", stringify!($name)), literal))
                })
            }
        }

        impl Column for $name {
            fn param(&self) -> Param<'_> {
                Param::from(self.literal())
            }
        }
    };
}

literals! {
    /// How far an order is.
    OrderStatus {
        Establish = "establish",
        Processing = "processing",
        InProgress = "in_progress",
        Complete = "complete",
        Partial = "partial",
        Cancel = "cancel",
        Fail = "fail",
    }
}

impl OrderStatus {
    /// Whether nothing will happen to the order any more.
    pub const fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Complete | Self::Partial | Self::Cancel | Self::Fail
        )
    }
}

literals! {
    /// Whether an order is paid.
    PaymentStatus {
        Wait = "wait",
        Complete = "complete",
        Fail = "fail",
        /// The whole amount was given back.
        Refund = "refund",
    }
}

literals! {
    /// How an order is paid.
    PaymentType {
        Credit = "credit",
        PayUni = "pay_uni",
        BankTransfer = "bank_transfer",
    }
}

literals! {
    /// Which endpoint orders a product.
    ProductType {
        Ch1Default = "ch1_default",
        Ch2Default = "ch2_default",
        Ch2CommentLikes = "ch2_comment_likes",
        Ch2CustomComments = "ch2_custom_comments",
        Ch2Subscriptions = "ch2_subscriptions",
    }
}

literals! {
    /// Who delivers a product.
    ServiceType {
        Channel1 = "channel1",
        Channel2 = "channel2",
    }
}

literals! {
    /// How much a product's delivery varies.
    DynamicProbability {
        Low = "low",
        Medium = "medium",
        High = "high",
    }
}

literals! {
    /// How fast a product is delivered.
    IncreaseSpeed {
        Slow = "slow",
        Medium = "medium",
        Fast = "fast",
    }
}

literals! {
    /// How long after a new post a subscription starts to deliver.
    DelayMinutes {
        Min0 = "min0",
        Min5 = "min5",
        Min10 = "min10",
        Min15 = "min15",
        Min30 = "min30",
        Min60 = "min60",
        Min90 = "min90",
        Min120 = "min120",
        Min150 = "min150",
        Min180 = "min180",
        Min210 = "min210",
        Min240 = "min240",
        Min270 = "min270",
        Min300 = "min300",
        Min360 = "min360",
        Min420 = "min420",
        Min480 = "min480",
        Min540 = "min540",
        Min600 = "min600",
    }
}

impl DelayMinutes {
    /// The number of minutes, as suppliers take it.
    pub fn minutes(self) -> &'static str {
        self.literal().trim_start_matches("min")
    }
}

literals! {
    /// What the supplier knows of an order.
    DispatchState {
        /// Nothing: it has not been sent.
        Queued = "queued",
        /// It is being sent, or was when this node died.
        Sending = "sending",
        /// It has it, under a number.
        Sent = "sent",
        /// It was sent and the answer lost; the client was given the credit back.
        Unconfirmed = "unconfirmed",
        /// It refused it.
        Refused = "refused",
        /// It has finished with it.
        Ended = "ended",
    }
}
