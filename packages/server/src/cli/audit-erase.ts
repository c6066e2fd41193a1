// cambio audit erase: erases a person from the audit, which stays provable.
import { openOperator } from '../app.ts';
import { loadForDatabase, loadWhole } from './administration.ts';
import { type CliCommand, EXIT } from './command.ts';
import { confirm, describeConfirmation } from './confirm.ts';
import { countOf } from './count.ts';
import { describeOutput, printResult } from './output.ts';

export const auditErase: CliCommand = {
  examples: [
    ['cambio audit erase --config cambio.yaml --subject ada', 'prints the number of rows, and asks'],
    [
      'cambio audit erase --config cambio.yaml --subject 248289761001 --issuer https://idp.example.com --yes',
      'a person of another issuer, without a question',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describeConfirmation(
        command
          .description(
            'Erase the personal fields of every audit row in which a person is the subject, acts, or is the party that an operator named. The chains stay whole.',
          )
          .requiredOption('--config <file>', 'the configuration file')
          .requiredOption('--subject <sub>', 'the person, by sub')
          .option('--issuer <iss>', 'only the person of this issuer, not people of the same name elsewhere'),
      ),
    ),
  run: async (options) => {
    const { config, subject, issuer } = options;
    const person = { subject: String(subject), ...(issuer !== undefined && { issuer: String(issuer) }) };
    // The names of a person of another issuer come from the entry of the issuer, which an included file may have.
    const { erase, countErasable, close } = await openOperator(
      await (issuer === undefined ? loadForDatabase : loadWhole)(config),
    );
    try {
      if (options.yes !== true) {
        const rows = countOf(await countErasable(person), 'row');
        const of = issuer === undefined ? '' : ` of ${issuer}`;
        await confirm(
          options,
          `This erases the personal fields of ${rows} of the audit about ${subject}${of}, for good.`,
        );
      }
      const count = await erase(person);
      const done = `${countOf(count, 'row')} erased; backups, exports and streamed rows are not`;
      printResult(options, { erased: count }, done);
      return EXIT.done;
    } finally {
      await close();
    }
  },
};
