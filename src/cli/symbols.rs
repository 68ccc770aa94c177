//! Where the MockExchange's symbols come from, by the settings.

use std::sync::Arc;

use mock_exchange as engine;

use crate::{
    cli::{exit::Exit, failure::Failure, output::fail, setup::CliConfig},
    config::SymbolSource,
    fyers::symbols,
};

impl CliConfig {
    /// Symbols from the symbol master files; none is a good setup too.
    pub fn instruments(&self) -> Result<engine::Instruments, Failure> {
        let SymbolSource::Files(files) = &self.settings.symbol_master else {
            return Ok(engine::Instruments::default());
        };
        let mut master = engine::SymbolMaster::default();
        for path in files {
            symbols::read_file(path, &mut master).map_err(|problem| refuse_master(path, &problem))?;
        }
        Ok(engine::Instruments::listed(Arc::new(master.sorted())))
    }

    /// Fetches the symbol master once a day; `None` where it is not fetched.
    pub fn renewal(&self) -> Result<Option<symbols::Renewal>, Failure> {
        let settings = &self.settings;
        let Some(base) = settings.fetches_symbols_from() else { return Ok(None) };
        let folder = settings.state_dir.clone();
        symbols::Renewal::new(base, folder, settings.proxy.as_ref()).map(Some).map_err(|error| {
            fail(
                Exit::BadSettings,
                &error.to_string(),
                "Compare the FYERS_ settings with `fyers-keeper config example`.",
            )
        })
    }
}

fn refuse_master(path: &std::path::Path, problem: &str) -> Failure {
    let what = format!("KEEPER_SYMBOL_MASTER {} cannot be used: {problem}", path.display());
    fail(Exit::BadSettings, &what, "It must be one of FYERS' files, as NSE_CM.csv or NSE_CM_sym_master.json.")
}
