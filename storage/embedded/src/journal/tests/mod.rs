mod conformance;
mod damage;
mod limits;
mod model;
mod stage;
