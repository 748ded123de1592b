mod conformance;
mod damage;
mod faults;
mod limits;
mod model;
mod room;
mod stage;
