//! What programs use beside requests: the picker, the HTML page, the mock shop.

pub mod mock_saleor;
pub mod page;
pub mod picker;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<picker::PyPicker>()?;
    module.add_class::<page::PyPage>()?;
    module.add_class::<mock_saleor::PyMockSaleor>()?;
    module.add_function(wrap_pyfunction!(picker::choose_task, module)?)?;
    module.add_function(wrap_pyfunction!(page::scan_page, module)?)?;
    Ok(())
}
