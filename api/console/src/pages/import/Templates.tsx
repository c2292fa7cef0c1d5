import { Button, Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { IconDown, IconDownload } from '~/icons';

/** The names are those of docs/api.md. */
const TEMPLATES = [
  ['lines.txt', 'lines'],
  ['table.csv', 'csv'],
  ['records.jsonl', 'jsonl'],
  ['codex.json', 'codex'],
  ['cliproxyapi.json', 'cliproxyapi'],
  ['sub2api.json', 'sub2api'],
] as const;

/** Examples to begin with. */
export function Templates() {
  const { t } = useTranslation('imports');
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} />}
          rightSection={<IconDown size={14} />}
        >
          {t('templates.title')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {TEMPLATES.map(([name, label]) => (
          <Menu.Item key={name} component="a" href={`/api/v1/imports/templates/${name}`} download={name}>
            {t(`templates.${label}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
