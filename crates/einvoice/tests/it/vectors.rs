//! Messages published by the providers, and longer ones computed with independent implementations.

/// ECPay's published test merchant.
pub const ECPAY: [&str; 3] = ["2000132", "ejCk326UnaZWKisg", "q9jcZX8Ib9LM8wYk"];

/// JSON and `Data`, as ECPay publishes them.
pub const ECPAY_DATA: &[(&str, &str)] = &[
    (
        r#"{"Name":"Test","ID":"A123456789"}"#,
        "uvI4yrErM37XNQkXGAgRgJAgHn2t72jahaMZzYhWL1HmvH4WV18VJDP2i9pTbC+tby5nxVExLLFyAkbjbS2Dvg==",
    ),
    (
        r#"{"MerchantID":"2000132","BarCode":"/1234567"}"#,
        "XeEOdHpTRvxKEqs/JD9RSd16s7VtpyWVCN6AV44pKTW3DVa6yI7vKmjBRp2eulDhXoru/qBqFDBH3fEqlkMn3bbJfJBfGAq+v+SvttutYnc=",
    ),
    (
        r#"{"BarCode":"/1234567","MerchantID":"2000132"}"#,
        "r0JSyF9wVmywUav725b3rdJs3xp/ekrC/7PGb18zhKyXkPsamV9l4rPnBkaaraPcHtMSwrmSPP3wuS7b8g/aAKGs0iGiknpgpbdXKXvFrYM=",
    ),
    (
        r#"{"Name":"test!*'()~value"}"#,
        "uvI4yrErM37XNQkXGAgRgBuDOiJoVs72Xn/rum9Ejl1DSna4HyLSoY7764PmhTR7JXb9jJWLSjCGcZEDeFiABg==",
    ),
    (
        r#"{"N":"1234567890"}"#,
        "gVwWJnIpl1m3ZDypcRAjiCctilYnQhHn4h8OzJP5IxQPov7HuysXX+jPONvrHS7Z",
    ),
    (
        r#"{"MerchantID":"2000132","ItemName":"綠界科技測試商品"}"#,
        "XeEOdHpTRvxKEqs/JD9RSd16s7VtpyWVCN6AV44pKTVKsXddZRgV+Cle9oeB2PqsEC2O0oDi4kObiCtdGznG9aAX69Kj0//VjGXhieBYZ3RuGW9v20xQyBevaBwtOvg1lYjlDw6jsgfToGMUvlGsIJ2DO6/tbXjNZumnRgj2GCSj7LLDRBU3KlkUWji16nO1",
    ),
];

/// The first of them with lower-case escapes, which only has to be read.
pub const ECPAY_LOWER_CASE: &str =
    "ZD/z07UvdmL3aYz0tsVo+bFXF5VldNcns6ezyfea777KOmLiizrUNDYe+v1bh2QTT4AySf1NICgXxWXB6f7c6A==";

/// A whole request for an invoice.
pub const ECPAY_ISSUE: (&str, &str) = (
    r#"{"MerchantID":"2000132","RelateNumber":"PB20260115001","CustomerIdentifier":"","CustomerName":"","CustomerAddr":"","CustomerPhone":"","CustomerEmail":"buyer@example.test","Print":"0","Donation":"0","LoveCode":"","CarrierType":"3","CarrierNum":"/ABC1234","TaxType":"1","SalesAmount":299,"InvType":"07","vat":"1","Items":[{"ItemSeq":1,"ItemName":"月租方案","ItemCount":1,"ItemWord":"式","ItemPrice":299,"ItemTaxType":"1","ItemAmount":299}]}"#,
    "XeEOdHpTRvxKEqs/JD9RSd16s7VtpyWVCN6AV44pKTV7XoPByaStato0iqOI39rIH4HCqSwiu/8wJcjUHvnbVy8rh+kDHUNTf/bdtl5QrbYW3vvUPbm4oI0Kac7YNrJ7cht/eFAdFWVJTEiZ+ZBzFFziG00pCHhPRia29/jCnLZkifSI3SVDBHpn498SPbIt6uN1Y7C1Mej8g8Y1Fl0NPQ4QaeOz29sRS3iMRIdltTPFENdV+HcrGJ9ra6ggi1R23JXEAMCnpiROAqPQGgQjuVZQr4dCI2odsrmjTr+Cb5O28IaTTsTK/5Aj33ZXSAFHb4eZJ0c73llLGvKck9E5zrtyh005SjliQ2rgU/1PNcHUfDQwe6pcE0ktvE8WlZ4x+/aFkHUSxlA/5fD2wjjAjEAUoMdt8a/4s7+6PytB40NPLzUKGdVxYcPwUiLrhhUD+3hFOxwK1/JgzNUZ1jo0+oin0OeF5raIKfvPJFZAc3drnjOzkUFdKusxslCsu6DHbcCugHMDMkujpBWF/gR4i0wBBmaBkEb35ee/tOwhREt/UpTJZtIbXCL+YgwAot43e8ZwFTmlYIGnnRGxL18EyGpc6CrMdBa24hezVxwT3O9d1M/VA7GSOdRFstjGN4z9RW/fCHVvi6xBPxsU2ZprhUwdG0PAeQmpf8kqW+HHkLlcXeatkhJM4cS68YzFsmlsTrPIkF60u+KhBqsve2+U5z40VOi83Wzs+dK21sWS3ktXQ6o5C+aOEd1GCjv6FTkBTBKen7UsvOtUAX3948lgehaniS3tVJV/RinZnUHrY3dSBVAVz5eWk3pYi8gxqi8uNAbwLjfuqfngEW+4cIzBnMk/OT+duNtERksmsqH8iDzXIXzuW34CiMES12KcQl5RFdLA+F1gBUOHG1iyTJ7Bir9l5EBcQk6BQ9S/bqM++lIro8ozNet3ftUHg3Eitro5FkFZhH0or2oUbJg1SmByQSEEAzgEWOp8pTN6ygUR8t4=",
);

/// The answer to it.
pub const ECPAY_ISSUED: (&str, &str) = (
    r#"{"RtnCode":1,"RtnMsg":"開立發票成功","InvoiceNo":"JU11082055","InvoiceDate":"2026-01-15 12:11:17","RandomNumber":"6866"}"#,
    "vvdAMLz9ExDnnpaFkuViYPSatH9S6psFksGPOsEt6BWBpEsAfJ+Mfx6I1zUJH7gwKD7xOth9Xx0KNwT9Q3IMdsA+1mBXOJnRH9rCGO5SwAy0Djq4/4bso5oXbMS6lKNUVNIpLJbRoddf9yFCRDW8WNl4AD9fcFtL75xW9LD3FW/ONZo40TmMXMtxkWfPl8FBFoVcn93A1rlNnQWmDaWAVrvDL7Z6eV8dxTr2aif+eGxAKQ7ARDluAxZ5sD7M2KvI873nh7lwyEGk58IVe7ScUz1LhPpJscUrI1TXitpanZexWma6PscMOJeGkkJ2s64O",
);

/// The merchant of ezPay's published examples.
pub const EZPAY: [&str; 3] = [
    "3622183",
    "abcdefghijklmnopqrstuvwxyzabcdef",
    "1234567891234567",
];

/// The published check code over an order, an invoice, a total and a random code.
pub const EZPAY_CHECK_CODE: ([&str; 4], &str) = (
    ["201409170000001", "14061313541640927", "500", "0142"],
    "303AB800650B724733B5D91CBCE075D9EA09E4CDE9CD33461D45F07D5EC7EECB",
);

/// A whole request for an invoice.
pub const EZPAY_ISSUE: (&str, &str) = (
    "RespondType=JSON&Version=1.5&TimeStamp=1768449600&MerchantOrderNo=PB20260115001&Status=1&Category=B2C&BuyerName=%E7%8E%8B%E5%A4%A7%E5%93%81&BuyerEmail=buyer%40example.test&CarrierType=0&CarrierNum=%2FABC1234&PrintFlag=N&TaxType=1&TaxRate=5&Amt=285&TaxAmt=14&TotalAmt=299&ItemName=%E6%9C%88%E7%A7%9F%E6%96%B9%E6%A1%88&ItemCount=1&ItemUnit=%E5%BC%8F&ItemPrice=299&ItemAmt=299",
    "70a61189d7dc0f6abefe7643da144af58ed0770bdd1dbcb6a24c6d997a79c328c74ebcf1d39d79e4d8ad2a54581879923f5571b6a9329e1b34642ad8f23b44df328db45b4b3cbe770868c2424910dffafd8e3a16ff020f8999e4fe35159b8cb206a51d01c21401b818ef9cc38cfc6482a3e7895bf2e62237fe6da0cb8226514969923b53f5b7b38ae5563965d72cc698acc6ccddc3102840b75812055ca73a47f054b4016b7fa3b5f24967170ab382787dd4a8c83404cc99793ea35eba7f1a355dc213db964a1db6142438ba8d5c7c21170d6a4a011298d1a17c3090238af15724a801b432517b9ad6e7b61895511375f751ce472bf354bfedda4a01e1e05ba1d800c60934be4ea55bc707e2a6933b2a87f9609ca174c599579002b04609444b856ee436a888759e98e38ba794b7484f2ad31fca5af532f40f87a2f96694a898fd3730d8c7769b611132ba7671081bd8fd282d2e7d10e9bdd9486240db15d851920806960b056ac7502667ab5433e4451341e1dd517a0eeaa1b90771101717df",
);

/// Amego's published test seller.
pub const AMEGO: [&str; 2] = ["12345678", "sHeq7t8G1wiQvhAuIM27"];

/// A whole request for an invoice, and its signature at 1768449600.
pub const AMEGO_ISSUE: (&str, &str) = (
    r#"{"OrderId":"PB20260115001","BuyerIdentifier":"0000000000","BuyerName":"王大品","CarrierType":"3J0002","CarrierId1":"/ABC1234","CarrierId2":"/ABC1234","ProductItem":[{"Description":"月租方案","Quantity":1,"UnitPrice":299,"Amount":299,"TaxType":1}],"SalesAmount":299,"FreeTaxSalesAmount":0,"ZeroTaxSalesAmount":0,"TaxType":1,"TaxRate":"0.05","TaxAmount":0,"TotalAmount":299}"#,
    "18572c8af5ae5e3a94d5743afac44ac7",
);

/// The whole body of a request for a void.
pub const AMEGO_VOID: &str = "invoice=12345678&data=%5B%7B%22CancelInvoiceNumber%22%3A%22AA26513024%22%7D%5D&time=1768449600&sign=b8fdfa3306b2ea2f4cf05fe5835f7f36";
