//! Whether somebody is a robot: a service that speaks the siteverify protocol, or a proof of work of our own.
