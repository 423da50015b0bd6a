//! What a form asks for.

use serde::{Deserialize, Serialize};

store::text_enum! {
    /// The type of a field.
    pub enum FieldType {
        /// A person's name.
        Name = "name",
        /// A mobile number.
        Tel = "tel",
        /// Who fills the form in.
        Recorder = "recorder",
        /// An identity card's number.
        Identity = "identity",
        /// An identity card's number, read by a camera.
        OcrIdentity = "ocr_identity",
        /// A number of an employee.
        JobNumber = "job_number",
        /// A car's plate.
        CarNumber = "carnumber",
        /// One of two options.
        Sex = "sex",
        /// A line.
        Text = "text",
        /// Lines.
        TextArea = "textarea",
        /// A number.
        Number = "number",
        /// Items to tick or cross.
        Checklist = "checklist",
        /// One row of columns.
        Matrix = "matrix",
        /// Rows of columns.
        DynamicMatrix = "dynamic_matrix",
        /// A day.
        Date = "date",
        /// A time of day.
        Time = "time",
        /// One of some options.
        Radio = "radio",
        /// Some of some options.
        Checkbox = "checkbox",
        /// A place.
        Address = "address",
        /// A house and flat.
        OwnerAddress = "owner_address",
        /// A customer's name.
        CustomerName = "customer_name",
        /// A customer's mobile number.
        CustomerMobile = "customer_mobile",
        /// Options that depend on each other.
        ChainedSelects = "chained_selects",
        /// A drawn signature.
        Signature = "signature",
        /// Pictures.
        Image = "image",
        /// Films.
        Video = "video",
        /// Sounds.
        Audio = "audio",
        /// Files.
        File = "file",
        /// A text that is shown.
        Description = "description",
    }
}

/// What a form asks for: groups of fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// In the order shown.
    pub groups: Vec<Group>,
}

impl Definition {
    /// Every field, in the order shown.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.groups.iter().flat_map(|group| &group.fields)
    }

    /// What somebody in front of a public page is asked for: no field that is hidden.
    pub fn without_hidden(&self) -> Self {
        let mut shown = self.clone();
        for group in &mut shown.groups {
            group.fields.retain(|field| !field.settings.is_hidden);
        }
        shown
    }

    /// The same, with no field that must be filled in.
    pub fn without_required(&self) -> Self {
        let mut shown = self.clone();
        for field in shown.groups.iter_mut().flat_map(|group| &mut group.fields) {
            field.settings.is_required = false;
        }
        shown
    }

    /// A field by its id.
    pub fn field(&self, field_id: i64) -> Option<&Field> {
        self.fields().find(|field| field.field_id == field_id)
    }
}

/// Fields that are shown together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id, of no other group of the form.
    pub group_id: i64,
    /// Its heading.
    pub group_title: String,
    /// Whether the heading is shown.
    pub show_group_title: bool,
    /// Whether a new page begins with it.
    pub is_page_break_group: bool,
    /// In the order shown.
    pub fields: Vec<Field>,
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its id, of no other field of the form.
    pub field_id: i64,
    /// Its title.
    pub field_title: String,
    /// What is shown beneath the title.
    pub field_desc: String,
    /// What it takes.
    pub field_type: FieldType,
    /// A short name, for programs.
    pub field_short_name: String,
    /// What holds for it whatever its type.
    pub settings: Settings,
    /// What holds for its type.
    #[serde(default)]
    pub rules: Rules,
}

/// What may hold for a field of any type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// It must be filled in.
    pub is_required: bool,
    /// Public pages do not show it.
    pub is_hidden: bool,
    /// It is a result, shown in lists.
    pub is_result: bool,
    /// Public pages show it in part.
    pub is_masked: bool,
    /// Each value may stand in one record of the form.
    pub is_unique: bool,
    /// It is set off.
    pub is_highlight: bool,
}

/// What holds for a field of some types. What a type has no use for is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Of `sex`, `radio`, `checkbox` and `chained_selects`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Of `checklist`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Of `matrix` and `dynamic_matrix`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// Fewest options, rows or files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_count: Option<i64>,
    /// Most options, rows or files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_count: Option<i64>,
    /// Smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Earliest date or time, in the field's `format`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<String>,
    /// Latest date or time, in the field's `format`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// Most decimals of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u32>,
    /// Most characters of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<i64>,
    /// Of `date`: `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or `YYYY-MM-DD HH:mm`; of `time`: `HH:mm` or `HH:mm:ss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// An option.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// Its id, of no other option of the field.
    pub option_id: i64,
    /// Its words.
    pub title: String,
    /// Whether it is "other", which takes a text.
    pub is_other: bool,
    /// Of `chained_selects`: the option it depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<i64>,
}

/// An item of a checklist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id, of no other item of the field.
    pub item_id: i64,
    /// Its words.
    pub title: String,
}

/// A column of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its id, of no other column of the field.
    pub column_id: i64,
    /// Its heading.
    pub title: String,
    /// `text`, `number`, `date`, `radio` or `checkbox`.
    pub column_type: String,
    /// Of `radio` and `checkbox`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
}

/// What else a form says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormSettings {
    /// Whether a required field that is absent from a submission is refused like an empty one.
    pub strict_required: bool,
}
